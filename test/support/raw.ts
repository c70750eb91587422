import { connect, type Socket } from 'node:net';

/** What came back over a plain socket until the peer closed it. */
export interface RawAnswer {
  /** Status of each answer, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
}

/** Sends octets as they are and reads until the peer closes the connection. */
export function raw(port: number, octets: string | Uint8Array, then?: (socket: Socket) => void): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost' });
    const chunks: Buffer[] = [];
    socket.on('data', chunk => chunks.push(chunk));
    // A peer that refuses before it has read everything may reset the connection; what it said came before.
    socket.on('error', error => (chunks.length === 0 ? reject(error) : socket.destroy()));
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      resolve({ statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(match => Number(match[1])), text });
    });
    socket.write(octets);
    then?.(socket);
  });
}

/** The octets of an HTTP request, each header line as given. */
export function request(line: string, headers: readonly string[], body: string | Uint8Array = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`${line} HTTP/1.1\r\n${headers.map(header => `${header}\r\n`).join('')}\r\n`),
    Buffer.from(body),
  ]);
}
