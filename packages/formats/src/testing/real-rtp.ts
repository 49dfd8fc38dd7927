import { hex } from './hex.ts';

// RTP packets that other programs made: ffmpeg 5.1 (Debian 12) with libx264, libx265 3.5 and libvpx 1.12, two frames of its
// testsrc2 source, `-f rtp` with a small pkt_size; taken from the socket.

/** `-c:v libx264 -g 3 -bf 0 -qp 45 -x264-params repeat-headers=1`, SEI filtered out, 32x32: SPS and PPS in a STAP-A, an I slice in FU-A, a P slice. */
export const H264_RTP: readonly Uint8Array[] = [
  hex(`
    80600226fb0cdad63bddff5f1800166764000aacb212d80880000003008000001907891324000668ebc04d2c8b
  `),
  hex(`
    80600227fb0cdad63bddff5f7c8588843f651fca30c7e779e0e08c5be766305af275f20d845381f347a02c7490ce59d38064dfc304ff75
    a7a0db4b6bd722204134dea425985667bb66cf4bf954010f395c2e28b1fee753ce104613d0ccbfb6bd33c268b9451b034e1d4a6ef93061
    239b8697715940d57d88
  `),
  hex(`
    80e00228fb0cdad63bddff5f7c452b0a0e47effff061b77b0af2fa9badc62e2b0c9f3d42f5d65e9db02c2efdb4d885596afb7570af458d
    94682b4db5bedbbea0740101ea3093
  `),
  hex(`
    80e00229fb0ce8e63bddff5f419a3b1fb080
  `),
];

/** `-c:v libx265 -x265-params qp=45:bframes=0:keyint=3:repeat-headers=1:info=0`, 32x32: VPS, SPS and PPS aggregated, an I slice in fragments, a P slice. */
export const H265_RTP: readonly Uint8Array[] = [
  hex(`
    8060082840fd2778e8b90f926001001840010c01ffff01600000030090000003000003001e928090002842010101600000030090000003
    000003001ea042085964ab932bc05a02000003000200000300321000064401c171a112
  `),
  hex(`
    8060082940fd2778e8b90f92620194af0418da51797f46a85538a2ed3bc655c6ba45a8636e4c42128f331aeb022e0ad565929e79e1430b
    82e74ff6a1d1f6fff8be277b3a1743237de2277fbb2edbd6e6d07592a18e5d436dfc841601d49f4ae059a6ea0b
  `),
  hex(`
    80e0082a40fd2778e8b90f926201547e1f2435caf4ba56f4f6c05b2573fee7252cf885b7a6cfc482434de8e967f45f42c655ca950f719e
    3fbb5358674395490485f58a64963235cd08b690a0f54c0080
  `),
  hex(`
    80e0082b40fd3588e8b90f920201d0097e10c609b0f9b4
  `),
];

/** `-c:v libvpx -b:v 30k -deadline realtime -qmin 55 -qmax 63`, 32x32: a key frame in two packets, an inter frame. */
export const VP8_RTP: readonly Uint8Array[] = [
  hex(`
    8060034e2184a7e2dd88aa31908080009005009d012a2000200005870885858899848833820275ba1f61f4936dddba02c9c3cff46ef95f
    cf10c69133a5df43056fa7a6196700fe70a43b1bd9a3c1c75f03309684ff4c81fd292057752f33c672ef2cf715c66ac0b3bec0581b8b50
    4dcbe5244f4cba687211
  `),
  hex(`
    80e0034f2184a7e2dd88aa31808080003819a82366897309817f95779ad34e29b46275d84d6e295635687d9088d06180abebb97065bf5a
    bb7d2f2b32bd5a98536bb471600800
  `),
  hex(`
    80e003502184b5f2dd88aa3190808001f101001b119c00180d504f8811bb9001b940b308b0119400004bf05eec0000
  `),
];

/** `-c:v libvpx-vp9 -b:v 10k -deadline realtime -qmin 60 -qmax 63`, 64x48: a key frame in two packets, an inter frame. */
export const VP9_RTP: readonly Uint8Array[] = [
  hex(`
    80600ac138a4a75ab57ab33708824983420003f002f62c38241c19e00000307000007e9b34295af33e126a3999bbd891e1461d5f2e4818
    9a2987dfc54d63c21823da8e9eff39cfe67451184fda7f5fe93e7f27632da2d411a3a1c85ba5826a00a2139904d0987517aa6975370e42
    8dd60b52c66fe89435f3
  `),
  hex(`
    80e00ac238a4a75ab57ab337042de2c96e92877aa982629fc3e42e66df523dd118407985da21341b350f36cee7bea12af7d0c6467d2ab0
    3d0ba900
  `),
  hex(`
    80e00ac338a4b56ab57ab3370c860040921c445e0000036000007a4114ed00
  `),
];

/** `-c:v libaom-av1 -cpu-used 8 -usage realtime -crf 63 -b:v 0 -f obu`, libaom 3.6, 32x32: the temporal units of a key frame and an inter frame. */
export const AV1_KEY_UNIT = hex(`
  12000a0a0000000227fe6d7c802032d4011000d380b2cb2c2834d0cfb39f34bab643c9972a461148065b2b05c510c2a7d41ece3ff3afa7
  2e50ab1f67090f1630b71a76dc3689fe23c7232ba8d1c7d8dcdad363637d6e1a2ed54baa34bbff4a94c5218af4ba0668dda88ceb7de39c
  6a0c9804cea02145950b28b8edd06d5ec7eea9c9e57df370f6b6dabe513480c15ea826c6e2b89ed3c3d9d1e4bcb971ed7c265dbffbc8f0
  643882a2fec19ca675e0465958a176a6493f770500a5d35bb130d5b97b4106abd68c095a0e5a411426fbb395dff28df919a4e18f0452da
  b9b6ae3eeaeaf011de
`);
export const AV1_INTER_UNIT = hex(`
  1200321230038080fdf806ff81fffffe2c5512008a68
`);
