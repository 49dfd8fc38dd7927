export const messages = {
  obs: {
    title: 'Everything for OBS in one file',
    save: 'Download OBS profile',
    how: 'Unpack it. In OBS open Profile → Import Profile, choose the folder {folder}, then pick “Kaibo …” in the same menu. If OBS says that it exists, remove the old one there first.',
    what: 'Server, stream key, 1920 × 1080 at 30, 5000 kbps, a keyframe every 2 s. Your other profiles stay as they are. Keep the file to yourself.',
  },
};
