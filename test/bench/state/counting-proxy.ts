import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What passed so far between a client and a server. */
export interface Traffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** How often something was sent after something had come. */
  readonly roundTrips: number;
}

/** Stands between a client and a server of this machine, and counts; it changes nothing. */
export interface CountingProxy {
  readonly port: number;
  traffic(): Traffic;
  close(): void;
}

/** @param target TCP port of the server */
export async function countingProxy(target: number): Promise<CountingProxy> {
  const sockets = new Set<Socket>();
  let [sentBytes, receivedBytes, roundTrips] = [0, 0, 0];
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1');
    let isAnswered = true;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => socket.destroy());
      socket.on('close', () => (socket === client ? upstream : client).destroy());
    }
    client.on('data', bytes => {
      sentBytes += bytes.length;
      if (isAnswered) roundTrips += 1;
      isAnswered = false;
      upstream.write(bytes);
    });
    upstream.on('data', bytes => {
      receivedBytes += bytes.length;
      isAnswered = true;
      client.write(bytes);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    traffic: () => ({ sentBytes, receivedBytes, roundTrips }),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
