/** The code of an invitation, out of the link or the code itself as somebody pastes it. */
export function readInvitation(text: string): string {
  const [, code] = /[#&?]invite=([^&\s]+)/.exec(text) ?? [];
  if (code === undefined) return text.trim();
  try {
    return decodeURIComponent(code);
  } catch {
    return code;
  }
}
