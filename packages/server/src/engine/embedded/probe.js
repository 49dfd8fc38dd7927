/** Whether WebRTC and the ladder can work on this machine, without starting anything: for the doctor. */
export { encoderName as transcodeEncoderName, probeCandidates, probeNativeModule } from '@kaibo/media';
