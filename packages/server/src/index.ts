/** The platform as a library: configuration and start. */
export { defaultConfig, loadConfig, ConfigError, type Config } from './app/config.ts';
export { startKaibo, type Kaibo, type KaiboDeps, type KaiboPorts } from './app/kaibo.ts';
export { createLogger } from './app/logger.ts';
export { OperatorError } from './app/operator-error.ts';
