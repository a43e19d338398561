const STORED_AS = "waystation.was-here";

/**
 * Whether somebody was signed in here the last time. It decides nothing but which words a public page offers first: the
 * session itself is kept where no script can read it.
 */
export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(STORED_AS) !== null;
  } catch {
    return false;
  }
}

export function rememberSignedIn(isSignedIn: boolean) {
  try {
    if (isSignedIn) localStorage.setItem(STORED_AS, "1");
    else localStorage.removeItem(STORED_AS);
  } catch {
    // A browser that keeps nothing is offered to sign in, which leads to the same place.
  }
}
