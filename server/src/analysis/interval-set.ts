/** The algebra of intervals, which the simulator's compiled chains share. */
export * from '../../../src-sim/net/interval-set';
