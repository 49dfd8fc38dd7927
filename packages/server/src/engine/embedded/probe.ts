/** Whether WebRTC can work on this machine, without starting anything: for the doctor. */
export { probeCandidates, probeNativeModule } from '@kaibo/media';
