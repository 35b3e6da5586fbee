/** Sysctls by their dotted names, with the kernel's defaults (kernel.ts says of which release). */

export class Sysctl {
  readonly #values: ReadonlyMap<string, number>;
  /** By device, then by key: every packet that comes in asks for two. */
  readonly #ofDevices = new Map<string, Map<string, number>>();

  constructor(given: Readonly<Record<string, number | string>>, defaults: Readonly<Record<string, number>>) {
    this.#values = new Map(Object.entries({ ...defaults, ...given }).map(([name, value]) => [name, Number(value)]));
  }

  /** What was set, else the default, else 0. */
  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** `net.ipv4.conf.DEVICE.KEY` as the kernel reads most of them: the larger of `all` and the device's own. */
  forDevice(device: string, key: string): number {
    const ofDevice = this.#ofDevices.get(device) ?? new Map<string, number>();
    const known = ofDevice.get(key);
    if (known !== undefined) return known;
    const value = Math.max(this.get(`net.ipv4.conf.all.${key}`), this.get(`net.ipv4.conf.${device}.${key}`));
    this.#ofDevices.set(device, ofDevice.set(key, value));
    return value;
  }
}
