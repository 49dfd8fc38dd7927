// What an integrator's page does with the SDK's ServerCall. `callState` is asked by the test.
globalThis.startCall = async ({ roomId, token, publishes, relayOnly }) => {
  const { SignalingClient } = await import('/sdk/signaling/signaling-client.ts');
  const { ServerCall } = await import('/sdk/signaling/server-call.ts');
  const state = { ended: [], errors: [], relays: [] };
  globalThis.call = state;
  const url = new URL('/signaling', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const signaling = new SignalingClient({ url: url.href, roomId, playToken: token });
  state.signaling = signaling;
  signaling.on('error', (error) => state.errors.push(error.code));
  const joined = new Promise((resolve) => signaling.on('joined', resolve));
  signaling.connect();
  await joined;
  const stream = publishes
    ? await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 }, audio: true })
    : undefined;
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = true;
  const serverCall = new ServerCall({
    signaling,
    stream,
    configuration: relayOnly ? { iceServers: [...signaling.iceServers], iceTransportPolicy: 'relay' } : undefined,
    onStream: (remote) => {
      if (video.srcObject === remote) return;
      video.srcObject = remote;
      void video.play();
    },
    onEnd: (error) => state.ended.push(error.code),
  });
  state.serverCall = serverCall;
  state.video = video;
  try {
    await serverCall.start();
  } catch (error) {
    state.errors.push(error.code ?? String(error));
  }
};

globalThis.callState = async () => {
  const { serverCall, video, ended, errors } = globalThis.call ?? {};
  const report = serverCall?.connection ? [...(await serverCall.connection.getStats()).values()] : [];
  const inbound = (kind) => report.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind);
  const outbound = report.find((entry) => entry.type === 'outbound-rtp' && entry.kind === 'video');
  const pair = report.find((entry) => entry.type === 'candidate-pair' && entry.nominated);
  return {
    state: serverCall?.connection?.connectionState ?? 'none',
    frames: inbound('video')?.framesDecoded ?? 0,
    audioBytes: inbound('audio')?.bytesReceived ?? 0,
    sent: outbound?.framesEncoded ?? 0,
    width: video?.videoWidth ?? 0,
    local: report.find((entry) => entry.id === pair?.localCandidateId)?.candidateType ?? '',
    ended,
    errors,
  };
};
