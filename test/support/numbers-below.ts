/** Numbers by chance, the same in every run. @see Knuth, "The Art of Computer Programming", vol. 2, §3.3.4 */
export function numbersBelow(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
