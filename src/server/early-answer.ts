import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { toSend } from '../octets.ts';

/** How long and how much is read from a peer that will get no other answer. */
export interface ReadOutBounds {
  readonly maxMs: number;
  readonly maxBytes: number;
}

const defaultBounds: ReadOutBounds = { maxMs: 5_000, maxBytes: 16 << 20 };

/** How often the octets that came are counted: not each of them passes through a stream. */
const countingMs = 50;

/**
 * Ends an answer whose head is written; where it is the connection's last and the rest of its request is still to come,
 * with {@link readOut}.
 */
export function endAnswer(
  response: ServerResponse,
  text: string,
  isLast: boolean,
  encoding: 'latin1' | 'utf8' = 'utf8',
): void {
  const { req: request } = response;
  const said = toSend(text, encoding);
  if (!isLast || request.complete) return void response.end(said, encoding);
  if (text === '') response.flushHeaders();
  else response.write(said, encoding);
  const end = () => {
    readOut(request.socket);
    // What was not read is let go of; the connection ends with the request.
    request.on('end', () => request.socket.destroy()).resume();
  };
  // An answer of before may still be on its way; the socket is handed over with the whole answer behind it.
  if (response.socket === null) response.once('socket', () => process.nextTick(end));
  else end();
}

/**
 * Says that nothing more is said on a connection, and reads on without keeping anything until the peer closes it. A
 * socket that is closed while octets come is reset, and with them goes an answer that the peer has not read yet (RFC
 * 9112 §9.6).
 */
export function readOut(socket: Socket, { maxMs, maxBytes }: ReadOutBounds = defaultBounds): void {
  const lastByte = socket.bytesRead + maxBytes;
  const timer = setTimeout(() => socket.destroy(), maxMs);
  const counter = setInterval(() => socket.bytesRead > lastByte && socket.destroy(), countingMs);
  socket.once('close', () => {
    clearTimeout(timer);
    clearInterval(counter);
  });
  socket.end();
}
