import tls from 'node:tls';

/** The fingerprint of the certificate that a new connection to this port of 127.0.0.1 is shown. No session is resumed. */
export async function certificateOf(port: number, options: tls.ConnectionOptions = {}): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  try {
    await new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return socket.getPeerCertificate().fingerprint256;
  } finally {
    socket.destroy();
  }
}
