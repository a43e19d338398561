/** The maker's mark: a gate between two rails. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="7" className="fill-accent" />
      <path d="M4.5 24.5h23M10 24.5V14.5a6 6 0 0 1 12 0v10" fill="none" strokeWidth="2.6" strokeLinecap="round" className="stroke-on-accent" />
      <path d="M16 15.5v9" strokeWidth="2.6" strokeLinecap="round" className="stroke-on-accent" opacity="0.6" />
    </svg>
  );
}
