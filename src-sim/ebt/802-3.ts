import { fails, leaves, mismatch, option, same, saved } from '../xt/define';
import { bad, hexByte, ok, word } from '../xt/value-types';
import { defineBridgeMatch } from './define';

/** A number in hexadecimal, with `0x` or without. */
function hexadecimal(name: string, digits: number) {
  return word<number>(
    name,
    (text) => {
      const isHex = new RegExp(`^(0[xX])?[0-9a-fA-F]{1,${digits}}$`).test(text);
      return isHex ? ok(Number.parseInt(text, 16)) : bad(`"${text}" is no ${name}`);
    },
    (value) => (digits === 2 ? hexByte(value) : `0x${value.toString(16).padStart(digits, '0')}`),
  );
}

export const ieee8023 = defineBridgeMatch({
  name: '802_3',
  summary: 'The LLC header of a frame of IEEE 802.3.',
  details: 'IP comes in Ethernet II frames: no frame of a scenario is taken by this match.',
  kernel: 'net/bridge/netfilter/ebt_802_3.c:ebt_802_3_mt',
  protocols: ['Length'],
  options: {
    '802_3-sap': option(hexadecimal('service access point', 2), 'DSAP and SSAP; `0xaa` is SNAP.', { invert: true }),
    '802_3-type': option(hexadecimal('SNAP type', 4), 'The protocol that the SNAP header names.', { invert: true }),
  },
  examples: [
    saved('-p LENGTH --802_3-sap ! 66 -j DROP', '-p Length --802_3-sap ! 0x66 -j DROP'),
    same('-p Length --802_3-type 0x0800 -j DROP'),
    fails('--802_3-sap 0x42 -j DROP', '-p Length'),
    fails('-p Length --802_3-sap 0x142 -j DROP', 'no service access point'),
    leaves('-p Length --802_3-sap 0x42', 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53'),
  ],
  matches: ({ family }) => mismatch('802_3-sap', `the frame carries ${family}`),
});
