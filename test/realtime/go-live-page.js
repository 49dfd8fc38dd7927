// What a page sees and hears, asked from inside it; go-live.test.ts puts this into its viewers.
const video = () => document.querySelector('[data-testid=player-video]');

globalThis.seen = {
  /** Red, green and blue at the left edge, half way down. */
  colour() {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [16, 9];
    const context = canvas.getContext('2d');
    context.drawImage(video(), 0, 0, 16, 9);
    return [...context.getImageData(1, 4, 1, 1).data].slice(0, 3);
  },

  /** The loudest sample of the next seconds, 0 to 1. */
  async loudness(seconds) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(video().captureStream()).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const endsAt = performance.now() + seconds * 1000;
    let loudest = 0;
    while (performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await context.close();
    return loudest;
  },
};
