/** Whose invitation it is: the host large and to be read, in letters that no other site can imitate. */
export function SiteNamed({ host, address }: { host: string; address: string }) {
  return (
    <div className="grid gap-0.5">
      <p className="font-mono text-lg font-semibold break-all">{host}</p>
      {address !== `https://${host}` && <p className="font-mono text-[0.8125rem] break-all text-muted">{address}</p>}
    </div>
  );
}
