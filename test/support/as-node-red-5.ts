import module from 'node:module';

type Resolve = (specifier: string, context: object, next: (specifier: string, context: object) => object) => object;

/** Node.js 22.15 and newer; the types of the checkout are those of Node.js 20. */
const { registerHooks } = module as unknown as { registerHooks(hooks: { resolve: Resolve }): void };

/**
 * Loaded before the tests (mocha --require), so that everything that asks for Node-RED gets 5.x. Says so at the end, with the
 * version that was really loaded.
 */
registerHooks({ resolve: (specifier, context, next) => next(specifier === 'node-red' ? 'node-red-5' : specifier, context) });

process.once('exit', () => {
  const { version } = module.createRequire(__filename)('node-red') as { version(): string };
  console.log(`These tests ran on Node-RED ${version()}`);
});
