import { MessageChannel } from 'node:worker_threads';
import { HLS_MEMBER } from '../hls/messages.ts';
import { RTC_MEMBER } from '../rtc/gate.ts';
/** How the directory reaches the members of the cluster: the media threads, and the RTC process, which owns no streams. */
export function clusterPost(members) {
  let turn = 0;
  return {
    send: (workerId, notice, transfer) => {
      if (workerId === RTC_MEMBER) members.rtc()?.send(notice);
      else if (workerId === HLS_MEMBER) members.hls()?.obey(notice);
      else members.pool()?.send(workerId, notice, transfer);
    },
    hop: (from, to) => {
      const rtc = members.rtc();
      if (rtc && (from === RTC_MEMBER || to === RTC_MEMBER)) {
        const end = rtc.hop();
        return { from: end, to: end };
      }
      const { port1, port2 } = new MessageChannel();
      return { from: port1, to: port2 };
    },
    ownerFor: (workerId) => {
      if (workerId !== RTC_MEMBER) return workerId;
      const threads = members.pool()?.upIds ?? [];
      return threads[turn++ % Math.max(1, threads.length)] ?? 0;
    },
  };
}
