import { randomBytes } from 'node:crypto';
import { Program } from './program.ts';
import { freeUdpPort } from './ports.ts';
import { tempDir } from './temp-dir.ts';

export interface TurnServer extends AsyncDisposable {
  port: number;
  /** What `media.rtc.iceServers[].secret` is set to. */
  secret: string;
  /** `turn:127.0.0.1:PORT?transport=udp` */
  url: string;
  program: Program;
}

/** coturn on a free loopback port, with the shared secret of TURN REST credentials. It relays to loopback only. */
export async function startTurnServer(): Promise<TurnServer> {
  const port = await freeUdpPort();
  const secret = randomBytes(12).toString('hex');
  const folder = tempDir();
  const program = Program.start('turnserver', [
    // Neither Debian's configuration file nor its users, nor anything else that listens.
    ...['-n', '--no-cli', '--no-tls', '--no-dtls', '--no-tcp'],
    ...['--listening-ip=127.0.0.1', `--listening-port=${port}`, '--relay-ip=127.0.0.1', '--allow-loopback-peers'],
    ...['--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=kaibo.test'],
    ...['--log-file=stdout', '--simple-log', '--verbose', `--pidfile=${folder.file('turn.pid')}`],
    ...[`--userdb=${folder.file('turndb')}`],
  ]);
  await program.saw(/Total auth threads|Total General servers/);
  return {
    port,
    secret,
    url: `turn:127.0.0.1:${port}?transport=udp`,
    program,
    [Symbol.asyncDispose]: async () => {
      await program.stop('SIGKILL');
      folder[Symbol.dispose]();
    },
  };
}
