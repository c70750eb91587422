import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy of TCP between a client and a server, which may behave as networks do. */
export interface TcpProxy {
  readonly port: number;
  /** TCP port of localhost to which new connections lead. */
  upstream: number;
  /** Connections that were made so far. */
  readonly made: number;
  /**
   * Swallows all that comes on the connections of now, and closes none of them, as a firewall that has forgotten them.
   * New ones are served.
   */
  forget(): void;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
}

interface Passage {
  readonly ends: readonly [Socket, Socket];
  isForgotten: boolean;
}

/** Listens on a free port of 127.0.0.1. */
export async function tcpProxy(upstream: number): Promise<TcpProxy> {
  const passages = new Set<Passage>();
  let made = 0;
  const server = createServer(client => {
    made += 1;
    const passage: Passage = { ends: [client, connect(proxy.upstream, '127.0.0.1')], isForgotten: false };
    passages.add(passage);
    joined(passage, () => passages.delete(passage));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const { ends } of passages) for (const end of ends) end.destroy();
    passages.clear();
  };
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    upstream,
    get made() {
      return made;
    },
    forget() {
      for (const passage of passages) passage.isForgotten = true;
    },
    cut,
    async close() {
      cut();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return proxy;
}

function joined(passage: Passage, onEnd: () => void): void {
  const [client, server] = passage.ends;
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('data', data => {
      if (!passage.isForgotten) to.write(data);
    });
    from.on('error', () => {});
    from.on('close', () => {
      if (passage.isForgotten) return;
      to.destroy();
      onEnd();
    });
  }
}
