import { expect, onTestFinished, test, vi } from 'vitest';
import { PeerLink } from '../src/signaling/peer-link.ts';

/** What a link asks of its connection, in order. */
class RecordedConnection {
  readonly calls: string[] = [];
  signalingState: RTCSignalingState = 'stable';
  connectionState: RTCPeerConnectionState = 'new';
  localDescription: { type: RTCSdpType; toJSON(): object } | null = null;

  addTrack(track: { id: string }): void {
    this.calls.push(`addTrack ${track.id}`);
  }
  close(): void {
    this.calls.push('close');
  }
  restartIce(): void {
    this.calls.push('restartIce');
  }
  async setRemoteDescription({ type }: RTCSessionDescriptionInit): Promise<void> {
    this.calls.push(`remote ${type}`);
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable';
  }
  async setLocalDescription(): Promise<void> {
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.calls.push(`local ${type}`);
    this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
    this.localDescription = { type, toJSON: () => ({ type, sdp: '' }) };
  }
}

function linkOf({ polite }: { polite: boolean }) {
  const connection = new RecordedConnection();
  const sent: string[] = [];
  const link = new PeerLink({
    connection: connection as unknown as RTCPeerConnection,
    polite,
    sendDescription: ({ type }) => sent.push(type),
    sendCandidate: () => {},
    onStream: () => {},
    onState: () => {},
    onError: (error) => sent.push(String(error)),
  });
  const add = (id: string): void => link.addTrack({ id } as MediaStreamTrack, {} as MediaStream);
  return { connection, link, sent, add };
}

test('who was there first sends its tracks with its answer to the first offer, and makes none itself before', async () => {
  const { connection, link, sent, add } = linkOf({ polite: true });
  add('camera');
  expect(connection.calls).toEqual([]);
  link.description({ type: 'offer', sdp: '' });
  await expect.poll(() => sent).toEqual(['answer']);
  add('screen');
  expect(connection.calls).toEqual(['remote offer', 'addTrack camera', 'local answer', 'addTrack screen']);
});

test('whoever waits for our offer gets it after a while, unless they are gone', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [waited, gone] = [linkOf({ polite: true }), linkOf({ polite: true })];
  for (const { add } of [waited, gone]) add('camera');
  gone.link.close();
  vi.advanceTimersByTime(60_000);
  expect(waited.connection.calls).toEqual(['addTrack camera']);
  expect(gone.connection.calls).toEqual(['close']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a newcomer offers at once', () => {
  const { connection, add } = linkOf({ polite: false });
  add('camera');
  expect(connection.calls).toEqual(['addTrack camera']);
});

test('back after a drop, an offer without an answer is said again; a call that never came about begins anew', async () => {
  const { connection, link, sent } = linkOf({ polite: false });
  await connection.setLocalDescription();
  link.resume();
  expect(sent).toEqual(['offer']);
  link.description({ type: 'answer', sdp: '' });
  await expect.poll(() => connection.signalingState).toBe('stable');
  link.resume();
  expect(connection.calls.at(-1)).toBe('restartIce');
  connection.connectionState = 'connected';
  connection.calls.length = 0;
  link.resume();
  expect(connection.calls).toEqual([]);
});
