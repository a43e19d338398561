import type { ReactNode } from "react";

import { Button } from "./button";
import { CodeBlock } from "./code-block";
import { Dialog } from "./dialog";
import { useKitText } from "./kit-text";

type SecretOnceProps = {
  title: string;
  /** That it is shown this once, and what to do with it. */
  explanation: ReactNode;
  /** What the secret is, such as "Key". */
  label: string;
  secret: string;
  /** More ways to keep it, such as a file. */
  actions?: ReactNode;
  children?: ReactNode;
  onSaved: () => void;
};

/** Shows a secret for the only time. Nothing but its button closes it: a slip must not cost the secret. */
export function SecretOnce({ title, explanation, label, secret, actions, children, onSaved }: SecretOnceProps) {
  const text = useKitText();
  const footer = (
    <>
      {actions}
      <Button variant="primary" onClick={onSaved}>
        {text.savedIt}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={() => undefined} dismissable={false} title={title} description={explanation} footer={footer}>
      <div className="grid gap-4">
        <CodeBlock label={label} text={secret} wrap isSecret />
        {children}
      </div>
    </Dialog>
  );
}
