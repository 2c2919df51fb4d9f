/**
 * The name that was probably meant by a misspelt one, without regard to case; null where none is near: more than two letters
 * wrong, or half of them.
 */
export function closest(typed: string, names: readonly string[]): string | null {
  const plain = typed.toLowerCase();
  const [best] = names
    .map((name) => ({ name, wrong: lettersWrong(plain, name.toLowerCase()) }))
    .filter(({ wrong }) => wrong <= 2 && wrong * 2 < plain.length)
    .sort((a, b) => a.wrong - b.wrong);
  return best?.name ?? null;
}

/** Letters to change, add or take away (Levenshtein). */
function lettersWrong(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      current.push(Math.min((above[column - 1] ?? 0) + same, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
