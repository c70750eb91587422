import { once } from 'node:events';
import { connect } from 'node:net';

async function isHeard(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether somebody listens on a TCP port of the loopback address that all use, and of one that has to be asked for. */
export const heardAt = (port: number) => Promise.all(['127.0.0.1', '127.0.0.2'].map(host => isHeard(host, port)));
