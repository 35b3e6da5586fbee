/** What SNPT and DNPT have in common: two prefixes of one length (RFC 6296). */
import { ADDRESS_BITS, addressValue, maskAddress, prefixMask } from '../net/address';
import { type Network, network } from './address-types';
import { option } from './define';

export const PREFIX_OPTIONS = {
  'src-pfx': option(network, 'The prefix that is replaced.', { required: true }),
  'dst-pfx': option(network, 'The prefix that replaces it.', { required: true }),
};

/** @kernel net/ipv6/netfilter/ip6t_NPT.c:ip6t_npt_checkentry */
export function prefixProblem(prefixes: readonly Network[]): string | undefined {
  const longest = prefixMask(64, 'ipv6');
  const isLong = prefixes.some(({ mask }) => addressValue(mask) !== addressValue(maskAddress(mask, longest)));
  return isLong ? `a prefix has at most 64 of the ${ADDRESS_BITS.ipv6} bits` : undefined;
}
