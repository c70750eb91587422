import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../errors.ts';

/**
 * The service object that a module exports: its default export, or its export `service`.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export async function loadService(file: string): Promise<object> {
  let loaded: { default?: unknown; service?: unknown };
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
        ? "can't be found, or something that it imports"
        : 'fails when it is loaded';
    throw new ConfigurationError('CONFIG_INVALID', `service module ${file}: ${why}`, {
      cause,
      hint: 'run it again with --debug for its error',
    });
  }
  const service = loaded.default ?? loaded.service;
  if (typeof service === 'object' && service !== null) return service;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `service module ${file}: has no default export that is a service object`,
  );
}
