import { Eye, EyeOff } from "lucide-react";
import { useState, type ComponentProps } from "react";

import { classes } from "./classes";
import { IconButton } from "./icon-button";
import { useKitText } from "./kit-text";
import { TextInput } from "./text-input";

/** Takes a password, and shows it for as long as its writer asks. */
export function PasswordInput({ className, ...rest }: Omit<ComponentProps<"input">, "type">) {
  const [isShown, setIsShown] = useState(false);
  const text = useKitText();
  return (
    <div className="relative">
      <TextInput {...rest} type={isShown ? "text" : "password"} className={classes("pe-11", className)} />
      <IconButton
        className="absolute end-0.5 top-1/2 -translate-y-1/2"
        label={isShown ? text.hidePassword : text.showPassword}
        aria-pressed={isShown}
        icon={isShown ? <EyeOff size={16} /> : <Eye size={16} />}
        onClick={() => setIsShown(!isShown)}
      />
    </div>
  );
}
