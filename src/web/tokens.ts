/**
 * Tokens: who a person is. An anonymous token is minted here and checked without state; a signed-in
 * person's token is a JWT of the site's own backend. Neither is stored or logged.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { errors, jwtVerify } from "jose";
import { TOKENS_CACHED_MAX, TOKEN_AGE_MAX_S, TOKEN_CHARS_MAX } from "../limits.ts";
import { checkSubject } from "../core/protocol/subject.ts";
import { Problem } from "./problem.ts";

/** The subjects of anonymous persons. A site's backend cannot name one. */
const ANONYMOUS = "anonymous:";
const PREFIX = "a1";
const ID_BYTES = 16;
const MAC_BYTES = 16;
/** Libraries skip other characters: a token would have many texts. */
const TOKEN = /^[\w.-]+$/;
const ANONYMOUS_TOKEN = /^a1\.(?<id>[\w-]{22})\.(?<mac>[\w-]{22})$/;

/** The keys of sites, which their backends have too. */
export interface SiteKeyring {
  /** Returns the keys of a site, oldest first. */
  of(site: string): readonly string[];
}

/** A token that was checked, and whose it is. */
interface Checked {
  readonly subject: string;
  /** The key of the site that signed it; undefined for an anonymous person. */
  readonly key: string | undefined;
  readonly expiresMs: number;
}

/** Mints and checks the tokens of one LikesServer. */
export class Tokens {
  readonly #secret: Uint8Array;
  readonly #keys: SiteKeyring;
  readonly #now: () => number;
  /** By site and token, the oldest first. */
  readonly #checked = new Map<string, Checked>();

  /** `now` returns Unix milliseconds. All LikesServers of a ledger share `secret`. */
  constructor(secret: Uint8Array, keys: SiteKeyring, now: () => number) {
    this.#secret = secret;
    this.#keys = keys;
    this.#now = now;
  }

  /** Returns the token of a new anonymous person. */
  mint(site: string): string {
    const id = randomBytes(ID_BYTES).toString("base64url");
    return `${PREFIX}.${id}.${this.#mac(site, id).toString("base64url")}`;
  }

  /** Returns the subject of the person whose token it is. Throws Problem. */
  async subjectOf(site: string, token: string): Promise<string> {
    if (token.length > TOKEN_CHARS_MAX) throw invalid("it is too long");
    if (!TOKEN.test(token)) throw invalid("it has characters that no token has");
    const known = this.#known(site, token);
    if (known !== undefined) return known;
    const isAnonymous = token.startsWith(`${PREFIX}.`);
    const checked = isAnonymous ? this.#anonymous(site, token) : await this.#signedIn(site, token);
    this.#keep(`${site} ${token}`, checked);
    return checked.subject;
  }

  /** Returns whether `key` is a key of the site's backend. */
  isKey(site: string, key: string): boolean {
    return this.#keys.of(site).some((known) => isEqual(Buffer.from(known), Buffer.from(key)));
  }

  #anonymous(site: string, token: string): Checked {
    const { id = "", mac = "" } = ANONYMOUS_TOKEN.exec(token)?.groups ?? {};
    if (!isEqual(this.#mac(site, id), Buffer.from(mac, "base64url"))) {
      throw invalid("it was not minted for this site, or not with this secret");
    }
    return { subject: ANONYMOUS + id, key: undefined, expiresMs: Infinity };
  }

  #mac(site: string, id: string): Buffer {
    const mac = createHmac("sha256", this.#secret).update(`anonymous\0${site}\0${id}`).digest();
    return mac.subarray(0, MAC_BYTES);
  }

  #known(site: string, token: string): string | undefined {
    const known = this.#checked.get(`${site} ${token}`);
    if (known === undefined || known.expiresMs <= this.#now()) return undefined;
    const isSigned = known.key === undefined || this.#keys.of(site).includes(known.key);
    return isSigned ? known.subject : undefined;
  }

  async #signedIn(site: string, token: string): Promise<Checked> {
    const keys = this.#keys.of(site);
    if (keys.length === 0) throw invalid("the site has no key to check it with; see likes key");
    for (const key of keys) {
      const checked = await this.#check(site, token, key);
      if (checked !== undefined) return checked;
    }
    throw invalid("no key of the site has signed it");
  }

  /** Returns what a token says; undefined when `key` has not signed it. */
  async #check(site: string, token: string, key: string): Promise<Checked | undefined> {
    try {
      const { payload } = await jwtVerify(token, Buffer.from(key), {
        algorithms: ["HS256"],
        audience: site,
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(this.#now()),
      });
      const { sub: subject = "", exp = 0 } = payload;
      if (exp - this.#now() / 1_000 > TOKEN_AGE_MAX_S) {
        throw invalid(`it is valid for more than ${TOKEN_AGE_MAX_S / 3_600} hours`);
      }
      if (checkSubject(subject) !== undefined || subject.startsWith(ANONYMOUS)) {
        throw invalid("its subject is none that a site may use");
      }
      return { subject, key, expiresMs: exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
      if (error instanceof Problem) throw error;
      if (error instanceof errors.JWTExpired) {
        throw new Problem(
          "token-expired",
          "Cannot accept the token: it has expired; sign in again",
        );
      }
      throw invalid(error instanceof errors.JOSEError ? error.message : "it cannot be read");
    }
  }

  #keep(name: string, checked: Checked): void {
    this.#checked.delete(name);
    this.#checked.set(name, checked);
    const [oldest] = this.#checked.keys();
    if (this.#checked.size > TOKENS_CACHED_MAX && oldest !== undefined)
      this.#checked.delete(oldest);
  }
}

/** Returns whether a subject is that of an anonymous person. */
export function isAnonymous(subject: string): boolean {
  return subject.startsWith(ANONYMOUS);
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function invalid(why: string): Problem {
  return new Problem("token-invalid", `Cannot accept the token: ${why}`);
}
