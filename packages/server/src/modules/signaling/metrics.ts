import { Counter, Gauge, type Registry } from 'prom-client';
import type { Roster } from '../../sockets/roster.ts';
import type { SignalingService } from './service.ts';

/** Read at each scrape. */
export function measureSignaling(registry: Registry, service: SignalingService, roster: Roster): void {
  const registers = [registry];
  gauge('kaibo_signaling_connections', 'Signaling sockets', () => roster.count('signaling'));
  gauge('kaibo_signaling_peers', 'Peers of this node, waiting places included', () => service.peers);
  gauge('kaibo_signaling_rooms', 'Rooms with peers of this node', () => service.rooms);
  gauge(
    'kaibo_signaling_media_sessions',
    'Publishers and viewers who speak with the engine by signaling',
    () => service.media.size,
  );
  new Counter({
    name: 'kaibo_signaling_messages_total',
    help: 'Messages sent to peers',
    registers,
    collect() {
      this.reset();
      this.inc(service.traffic.frames);
    },
  });
  new Counter({
    name: 'kaibo_signaling_cuts_total',
    help: 'Signaling connections that the server ended, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of service.traffic.cuts) this.inc({ reason }, count);
    },
  });

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}
