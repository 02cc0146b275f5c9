/** What a connection and its wire thread say to each other. Plain data: it crosses a thread border. */
import type { MessagePort } from 'node:worker_threads';

export interface WireSetup {
  /** As node-postgres takes it; what it leaves out comes from the PG* variables and ~/.pgpass. */
  readonly url: string;
  readonly connectMs: number;
  /** Counts up by each answer that has been posted: what the asking thread sleeps on. */
  readonly answered: SharedArrayBuffer;
  readonly port: MessagePort;
}

export type WireValue = string | number | bigint | null | Uint8Array;

export interface WireStatement {
  readonly text: string;
  /** Null: several statements without parameters, of which nothing but the end is wanted. */
  readonly values: readonly WireValue[] | null;
  /** Under which the server keeps it prepared. */
  readonly name?: string;
}

export type ToWire =
  | { readonly kind: 'connect' }
  /** In their order, without waiting for each other's answers; the first one that fails is the answer. */
  | { readonly kind: 'run'; readonly statements: readonly WireStatement[] }
  | { readonly kind: 'close' };

export interface WireResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly changes: number;
  /** `SELECT`, `ROLLBACK`, … */
  readonly command: string;
}

export interface WireFailure {
  readonly message: string;
  /** SQLSTATE, or what the system says (`ECONNREFUSED`); null where there is neither. */
  readonly code: string | null;
  /** Nothing can be asked any more before `connect`. */
  readonly isLost: boolean;
}

export type FromWire =
  | { readonly ok: true; readonly results: readonly WireResult[] }
  | { readonly ok: false; readonly failure: WireFailure };
