// Runs in Chromium: one side of a call through /signaling. The newcomer offers to everybody who is there.
const seen = { joined: false, from: [], left: [], errors: [] };
const peers = new Map();
const video = document.createElement('video');
video.muted = true;
document.body.append(video);

globalThis.callState = () => ({
  ...seen,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  width: video.videoWidth,
});

globalThis.startCall = async ({ token, roomId }) => {
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/signaling?token=${token}`);
  const say = (message) => socket.send(JSON.stringify({ roomId, ...message }));

  const peer = (id) => {
    const known = peers.get(id);
    if (known) return known;
    const connection = new RTCPeerConnection();
    peers.set(id, connection);
    for (const track of camera.getTracks()) connection.addTrack(track, camera);
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) say({ type: 'candidate', to: id, payload: candidate.toJSON() });
    };
    connection.ontrack = ({ streams }) => {
      video.srcObject = streams[0];
      void video.play();
    };
    return connection;
  };

  const describe = async (type, to) => {
    const connection = peer(to);
    await connection.setLocalDescription();
    say({ type, to, payload: connection.localDescription.toJSON() });
  };

  const handlers = {
    joined: async ({ peers: others }) => {
      seen.joined = true;
      for (const { id } of others) await describe('offer', id);
    },
    'peer-left': ({ peer: { id } }) => void seen.left.push(id),
    offer: async ({ from, payload }) => {
      seen.from.push(from);
      await peer(from).setRemoteDescription(payload);
      await describe('answer', from);
    },
    answer: async ({ from, payload }) => {
      seen.from.push(from);
      await peer(from).setRemoteDescription(payload);
    },
    candidate: ({ from, payload }) => peer(from).addIceCandidate(payload),
    error: ({ code, error }) => void seen.errors.push(`${code}: ${error}`),
  };
  socket.onopen = () => say({ type: 'join' });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    void handlers[message.type]?.(message);
  };
};
