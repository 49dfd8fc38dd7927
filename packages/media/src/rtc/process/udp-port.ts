import { IceUdpMuxListener } from 'node-datachannel';
import { TransportUnavailableError, type UdpOptions } from './peer-transport.ts';

/** Every address; the second where the system has no IPv6. */
const EVERYWHERE = ['::', '0.0.0.0'];

/**
 * Keeps the UDP port open as long as the process lives, whether there are peers or not. libjuice closes it with the last
 * peer, but opens it so that children inherit it: an ffmpeg that runs on would keep it from being opened again.
 */
export class UdpPort {
  readonly options: UdpOptions;
  #listener: IceUdpMuxListener | undefined;

  constructor(options: UdpOptions) {
    this.options = options;
  }

  /** @throws TransportUnavailableError while somebody else has it; asking again tries again. */
  hold(): void {
    if (this.#listener === undefined) this.#listener = listen(this.options);
  }
}

function listen({ port, bindAddress }: UdpOptions): IceUdpMuxListener {
  for (const address of bindAddress === undefined ? EVERYWHERE : [bindAddress]) {
    try {
      return new IceUdpMuxListener(port, address);
    } catch {
      // Taken, or no such address: what is left is tried.
    }
  }
  throw new TransportUnavailableError('The UDP port of WebRTC is taken.');
}
