// Offers that other programs made, line ends as \n. Of the browsers' twenty codecs a few are left, with all that was said
// of those.

/** Chromium 156, headless: audio, and video in three encodings. */
export const CHROME_SIMULCAST = `v=0
o=- 3124048578563207850 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS ca7f898d-facf-44ba-b1b8-f1cced3a2107
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:FkwS
a=ice-pwd:NQuoHs7UVntpOlC0IHHB1r0s
a=ice-options:trickle
a=fingerprint:sha-256 75:0E:4C:54:0F:A0:2A:BD:6E:B8:62:C3:7F:31:F0:2F:53:23:54:63:E4:5A:77:87:E9:16:B0:8B:43:7F:2E:93
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 ca345901-0de3-4a76-b285-102c0f2b07db
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:0 PCMU/8000
a=ssrc:3557063495 cname:nd8jbLEz0QL42eQQ
a=ssrc:3557063495 msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 ca345901-0de3-4a76-b285-102c0f2b07db
m=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109 45 46 98 99
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:FkwS
a=ice-pwd:NQuoHs7UVntpOlC0IHHB1r0s
a=ice-options:trickle
a=fingerprint:sha-256 75:0E:4C:54:0F:A0:2A:BD:6E:B8:62:C3:7F:31:F0:2F:53:23:54:63:E4:5A:77:87:E9:16:B0:8B:43:7F:2E:93
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=extmap:12 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00
a=sendonly
a=msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 abbad9ae-0727-44ac-8c85-753da65c4d9d
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:108 H264/90000
a=rtcp-fb:108 goog-remb
a=rtcp-fb:108 transport-cc
a=rtcp-fb:108 ccm fir
a=rtcp-fb:108 nack
a=rtcp-fb:108 nack pli
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108
a=rtpmap:45 AV1/90000
a=rtcp-fb:45 goog-remb
a=rtcp-fb:45 transport-cc
a=rtcp-fb:45 ccm fir
a=rtcp-fb:45 nack
a=rtcp-fb:45 nack pli
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 goog-remb
a=rtcp-fb:98 transport-cc
a=rtcp-fb:98 ccm fir
a=rtcp-fb:98 nack
a=rtcp-fb:98 nack pli
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rid:q send
a=rid:h send
a=rid:f send
a=simulcast:send q;h;f
`;

/** Chromium 156: one video encoding with candidates, and a data channel. */
export const CHROME_DATA = `v=0
o=- 6640778112077397374 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS ca7f898d-facf-44ba-b1b8-f1cced3a2107
m=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1054139331 1 udp 2113937151 7ed59673-5422-4fee-9c8c-7ca188f5a9cf.local 39137 typ host generation 0 network-cost 999
a=candidate:4122092067 1 udp 2113942271 fb1287ab-1b11-44c3-acc7-1532b6d439b9.local 60368 typ host generation 0 network-cost 999
a=ice-ufrag:n47a
a=ice-pwd:mFvbMWFtHcuvNZN8E5JndCx0
a=ice-options:trickle
a=fingerprint:sha-256 05:CF:4A:C9:76:1D:E4:BF:3C:3F:54:B9:13:FC:9F:C1:84:D6:DB:9B:6D:9B:0E:AF:AF:2F:96:DA:F0:40:13:6A
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 urn:3gpp:video-orientation
a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendonly
a=msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 abbad9ae-0727-44ac-8c85-753da65c4d9d
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:108 H264/90000
a=rtcp-fb:108 goog-remb
a=rtcp-fb:108 transport-cc
a=rtcp-fb:108 ccm fir
a=rtcp-fb:108 nack
a=rtcp-fb:108 nack pli
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108
a=ssrc-group:FID 1886227959 3968040825
a=ssrc:1886227959 cname:C7mJFIUkSNZ+8eck
a=ssrc:1886227959 msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 abbad9ae-0727-44ac-8c85-753da65c4d9d
a=ssrc:3968040825 cname:C7mJFIUkSNZ+8eck
a=ssrc:3968040825 msid:ca7f898d-facf-44ba-b1b8-f1cced3a2107 abbad9ae-0727-44ac-8c85-753da65c4d9d
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:1054139331 1 udp 2113937151 7ed59673-5422-4fee-9c8c-7ca188f5a9cf.local 53675 typ host generation 0 network-cost 999
a=candidate:4122092067 1 udp 2113942271 fb1287ab-1b11-44c3-acc7-1532b6d439b9.local 57459 typ host generation 0 network-cost 999
a=ice-ufrag:n47a
a=ice-pwd:mFvbMWFtHcuvNZN8E5JndCx0
a=ice-options:trickle
a=fingerprint:sha-256 05:CF:4A:C9:76:1D:E4:BF:3C:3F:54:B9:13:FC:9F:C1:84:D6:DB:9B:6D:9B:0E:AF:AF:2F:96:DA:F0:40:13:6A
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
`;

/** Firefox 88 (ossrs/srs issue 2371): attributes in the order of the alphabet. It is cut short there; the end of the video section stands as Firefox orders it. */
export const FIREFOX_PLAY = `v=0
o=mozilla...THIS_IS_SDPARTA-88.0.1 7984222197939037642 0 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:sha-256 C0:B1:B8:30:93:24:6F:9A:58:8E:20:2A:BD:A0:0A:61:40:C8:77:65:8F:AD:F5:D3:E6:CE:EA:2D:A9:90:4E:C0
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=recvonly
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:2ad817a0f95a1c3d9075ea273f1cb729
a=ice-ufrag:688b54d8
a=mid:0
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:4194435440 cname:{fd5dc046-62a7-734f-af38-935892d2fb68}
m=video 9 UDP/TLS/RTP/SAVPF 126 127
c=IN IP4 0.0.0.0
a=recvonly
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:127 apt=126
a=ice-pwd:2ad817a0f95a1c3d9075ea273f1cb729
a=ice-ufrag:688b54d8
a=mid:1
a=rtcp-fb:126 nack
a=rtcp-fb:126 nack pli
a=rtcp-fb:126 ccm fir
a=rtcp-fb:126 goog-remb
a=rtcp-fb:126 transport-cc
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:126 H264/90000
a=rtpmap:127 rtx/90000
a=setup:actpass
a=ssrc:2261043021 cname:{fd5dc046-62a7-734f-af38-935892d2fb68}
`;

/** OBS 30.1.0 with its older libdatachannel (kevmo314/tinywhip issue 2), up to the audio section: ICE, fingerprint and setup stand before it. */
export const OBS = `v=0
o=rtc 3877212184 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=setup:actpass
a=ice-ufrag:nxcM
a=ice-pwd:ezjAjgSSLLvbRhUA1zc6Se
a=ice-options:ice2,trickle
a=fingerprint:sha-256 4E:7F:77:DB:7E:A3:A6:4E:5D:27:EB:39:D2:1B:96:9F:91:C9:58:8B:30:B4:AA:0F:77:60:5A:F3:86:60:03:F3
m=audio 57249 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.168.188.53
a=mid:0
a=sendonly
a=ssrc:3388068600 cname:Yuu1KDxQcc3L5CpY
a=ssrc:3388068600 msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-audio
a=msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1
`;

/** libdatachannel 0.24.5 by node-datachannel, set up as OBS does it, candidates gathered. */
export const LIBDATACHANNEL = `v=0
o=rtc 3719369938 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=group:LS 0 1
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 A4:F9:5E:74:86:CB:72:EA:F6:F4:F2:2C:67:28:EE:2A:9E:9C:C0:FA:55:40:80:8C:8D:DE:AB:0D:58:F0:8C:DC
m=audio 60992 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.0.2.2
a=mid:0
a=sendonly
a=ssrc:3388068600 cname:Yuu1KDxQcc3L5CpY
a=ssrc:3388068600 msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-audio
a=msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-audio
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1
a=setup:actpass
a=ice-ufrag:scEv
a=ice-pwd:HPS42WSG8iRfIf4daS0qvI
a=candidate:2 1 UDP 2116026111 fd00::2 60992 typ host
a=candidate:1 1 UDP 2114977791 192.0.2.2 60992 typ host
a=end-of-candidates
m=video 60992 UDP/TLS/RTP/SAVPF 96
c=IN IP4 192.0.2.2
a=mid:1
a=sendonly
a=ssrc:3388068601 cname:Yuu1KDxQcc3L5CpY
a=ssrc:3388068601 msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-video
a=msid:XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-video
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 goog-remb
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1
a=setup:actpass
a=ice-ufrag:scEv
a=ice-pwd:HPS42WSG8iRfIf4daS0qvI
`;

/** GStreamer webrtcbin (mavlink/mavlink-camera-manager pull request 440): the fmtp after everything else. */
export const GSTREAMER = `v=0
o=- 2461340508447355243 0 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-options:trickle
a=group:BUNDLE video0
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=setup:actpass
a=ice-ufrag:Imt2ypYqN8nzjQx6HzC6smEMvF+OvhaA
a=ice-pwd:MYE+ApE38JDaDQgwKN7B3LvJ53RA4BcH
a=rtcp-mux
a=rtcp-rsize
a=sendonly
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 transport-cc
a=framerate:30
a=rtpmap:97 rtx/90000
a=ssrc-group:FID 3729522813 1429131839
a=ssrc:3729522813 msid:user3977049223@host-7363340d webrtctransceiver0
a=ssrc:3729522813 cname:user3977049223@host-7363340d
a=ssrc:1429131839 msid:user3977049223@host-7363340d webrtctransceiver0
a=ssrc:1429131839 cname:user3977049223@host-7363340d
a=mid:video0
a=fingerprint:sha-256 45:AA:A2:F0:17:F9:16:70:03:37:BE:F9:8A:6F:8A:14:60:CB:F2:F4:B6:40:BA:46:E4:3F:45:08:5B:C0:1B:C6
a=rtcp-mux-only
a=fmtp:97 apt=96
`;
