export interface CaptureDevice {
  id: string;
  /** Empty before the browser was allowed to tell. */
  label: string;
}

export interface CaptureDevices {
  cameras: CaptureDevice[];
  microphones: CaptureDevice[];
}

/** What one can choose from. Without a permission browsers list devices that have no id: those cannot be chosen. */
export function devicesIn(list: readonly Pick<MediaDeviceInfo, 'kind' | 'deviceId' | 'label'>[]): CaptureDevices {
  const ofKind = (kind: MediaDeviceKind): CaptureDevice[] => {
    // Windows lists the default one for calls once more under this name.
    const found = list.filter((device) => device.kind === kind && !['', 'communications'].includes(device.deviceId));
    return found.map(({ deviceId, label }) => ({ id: deviceId, label: plainLabel(label) }));
  };
  return { cameras: ofKind('videoinput'), microphones: ofKind('audioinput') };
}

/** Without the vendor and product numbers that Chrome adds, like `(046d:0825)`. */
function plainLabel(label: string): string {
  return label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)$/i, '');
}
