// Passkeys between the server's JSON and the browser. Browsers of our floor lack the JSON forms of Web Authentication
// Level 3, so the bytes are turned here.
import type {
  CredentialDescriptor,
  NewCredential,
  PasskeyCreationOptions,
  PasskeyUseOptions,
  UsedCredential,
} from "./schema";

/** Whether this browser can make and use passkeys on this page. */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential === "function" && typeof navigator.credentials?.get === "function";
}

/** The reader closed the browser's window, or let it wait too long. */
export class PasskeyCancelled extends Error {
  override readonly name = "PasskeyCancelled";
}

/** Has the browser make a passkey. */
export async function createPasskey(options: PasskeyCreationOptions): Promise<NewCredential> {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(descriptorOf),
  } as PublicKeyCredentialCreationOptions;
  const credential = await ask(() => navigator.credentials.create({ publicKey }));
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/** Has the browser use a passkey. */
export async function requestPasskey(options: PasskeyUseOptions): Promise<UsedCredential> {
  const publicKey = {
    challenge: bytesOf(options.challenge),
    timeout: options.timeout,
    rpId: options.rpId,
    allowCredentials: options.allowCredentials.map(descriptorOf),
    userVerification: options.userVerification as UserVerificationRequirement,
  } as PublicKeyCredentialRequestOptions;
  const credential = await ask(() => navigator.credentials.get({ publicKey }));
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      ...(response.userHandle === null ? {} : { userHandle: textOf(response.userHandle) }),
    },
  };
}

async function ask(call: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await call();
    if (credential === null) throw new PasskeyCancelled();
    return credential as PublicKeyCredential;
  } catch (thrown) {
    const name = thrown instanceof Error ? thrown.name : "";
    if (name === "NotAllowedError" || name === "AbortError") throw new PasskeyCancelled();
    throw thrown;
  }
}

function descriptorOf(descriptor: CredentialDescriptor) {
  return { ...descriptor, id: bytesOf(descriptor.id) };
}

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function textOf(bytes: ArrayBuffer | Uint8Array): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
