/** Makes a thing when it is first asked for: a start of Node-RED does not wait for what no flow may need. */
export function onFirstUse<Thing>(make: () => Thing): () => Thing {
  let made: { thing: Thing } | undefined;
  return () => (made ??= { thing: make() }).thing;
}
