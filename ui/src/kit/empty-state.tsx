import type { ReactNode } from "react";

type EmptyStateProps = {
  icon?: ReactNode;
  title: string;
  /** It is all that the page holds, so that its title is the page's. */
  isPage?: boolean;
  children?: ReactNode;
  action?: ReactNode;
};

/** What a list says when there is nothing to list: why, and what to do next. */
export function EmptyState({ icon, title, isPage = false, children, action }: EmptyStateProps) {
  const Title = isPage ? "h1" : "p";
  return (
    <div className="grid justify-items-center gap-2 px-6 py-12 text-center">
      {icon !== undefined && <div className="mb-1 grid size-10 place-items-center rounded-full bg-sunken text-muted">{icon}</div>}
      <Title className="font-medium">{title}</Title>
      {children !== undefined && <p className="max-w-md text-muted">{children}</p>}
      {action !== undefined && <div className="pt-2">{action}</div>}
    </div>
  );
}
