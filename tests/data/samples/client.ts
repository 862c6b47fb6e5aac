import { Socket } from "node:net";

export const MAX_RETRIES: number = 3;

export interface Transport {
  send(path: string): Promise<string>;
}

export type Handler = (event: string) => void;

export enum State {
  Open,
  Closed,
}

@sealed
export abstract class Client<T> implements Transport {
  constructor(private readonly socket: Socket) {}

  @logged
  async send(path: string): Promise<string> {
    return path;
  }

  abstract close(): void;
}

export namespace Paths {
  export function join(a: string, b: string): string {
    return a + b;
  }
}

export const parse = <T>(text: string): T => JSON.parse(text);
