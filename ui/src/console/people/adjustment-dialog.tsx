import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { BalanceDetails, ReasonCode, User } from "@/api/schema";
import { useApi } from "@/features/services";
import { Money } from "@/features/money";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { useFormats } from "@/i18n/formats";
import { Alert } from "@/kit/alert";
import { Button, buttonLook } from "@/kit/button";
import { CopyId } from "@/kit/copy-id";
import { Dialog } from "@/kit/dialog";
import { Fact, Facts } from "@/kit/facts";
import { Field } from "@/kit/field";
import { Segments } from "@/kit/segments";
import { Select } from "@/kit/select";
import { TextArea } from "@/kit/text-area";
import { TextInput } from "@/kit/text-input";

import { paths } from "../paths";
import { PEOPLE } from "./people";

const REASONS = ["goodwill", "correction", "refund", "offline_payment", "promotion", "test", "other"] as const satisfies ReasonCode[];
const FIELDS = ["amount", "note", "reason_code", "account"];
const KEY_BYTES = 16;
const NOTE_MIN = 5;
const NOTE_MAX = 1_000;

/** A name for one change, so that sending it twice books it once. Pages without TLS have no `randomUUID`. */
function newIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(KEY_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const isPositive = (text: string) => /^\d{1,12}(\.\d{1,9})?$/.test(text.trim()) && /[1-9]/.test(text);

/** Credits or debits a person by hand. Nothing is shown as booked before the books have it. */
export function AdjustmentDialog({ user, balance, onClose }: { user: User; balance: BalanceDetails | undefined; onClose: () => void }) {
  const { t } = useTranslation("books");
  const api = useApi();
  const queries = useQueryClient();
  const formats = useFormats();
  const [idempotencyKey] = useState(newIdempotencyKey);
  const [direction, setDirection] = useState<"credit" | "debit">("credit");
  const [account, setAccount] = useState<"cash" | "gift">("cash");
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState<ReasonCode>("goodwill");
  const [note, setNote] = useState("");
  const [wasSent, setWasSent] = useState(false);
  const book = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/admin/users/{id}/adjustments", {
          params: { path: { id: user.id }, header: { "Idempotency-Key": idempotencyKey } },
          body: { direction, account, amount: amount.trim(), reason_code: reason, note: note.trim() },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: PEOPLE }),
  });
  const { refusalOf, isOnlyOf } = useRefusals(book.error);
  const isNoteWrong = note.trim().length < NOTE_MIN;
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (isPositive(amount) && !isNoteWrong) book.mutate();
  };
  const holds = balance?.accounts.filter(({ kind, unit, expired }) => kind === account && unit === "usd" && !expired) ?? [];
  if (book.data !== undefined) {
    const { before, after, currency, id, transfer_id } = book.data;
    const footer = (
      <>
        <Link to={paths.person(user.id)} hash={transfer_id} onClick={onClose} className={buttonLook({})}>
          {t("adjust.show")}
        </Link>
        <Button variant="primary" onClick={onClose}>
          {t("adjust.close")}
        </Button>
      </>
    );
    return (
      <Dialog open size="small" onClose={onClose} title={t("adjust.done")} footer={footer}>
        <Facts>
          <Fact name={t(`accounts.${account}`, { ns: "ledger" })}>
            <Money amount={before} currency={currency} /> → <Money amount={after} currency={currency} />
          </Fact>
          <Fact name={t("adjust.entry")}>
            <CopyId id={id} label={t("copyId", { ns: "lists" })} />
          </Fact>
        </Facts>
      </Dialog>
    );
  }
  const written = isPositive(amount) ? formats.money(amount.trim(), "USD") : "";
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="adjustment" variant={direction === "debit" ? "danger" : "primary"} pending={book.isPending}>
        {t(`adjust.acts.${direction}`, { amount: written }).trim()}
      </Button>
    </>
  );
  return (
    <Dialog open onClose={onClose} title={t("adjust.title", { name: user.display_name })} description={user.email} footer={footer}>
      <form id="adjustment" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {book.isError && toProblem(book.error).code !== "withheld" && !isOnlyOf(FIELDS) && <ProblemAlert problem={book.error} />}
        <div className="flex flex-wrap items-center justify-between gap-3">
          <Segments
            label={t("adjust.direction")}
            value={direction}
            options={(["credit", "debit"] as const).map((value) => ({ value, label: t(`adjust.directions.${value}`) }))}
            onChange={(value) => {
              setDirection(value);
              setReason(value === "credit" ? "goodwill" : "correction");
            }}
          />
          {balance !== undefined && (
            <span className="text-[0.8125rem] text-muted">
              {t("adjust.now")}{" "}
              {holds.length === 0 ? formats.money("0", "USD") : holds.map((one) => <Money key={one.id} amount={one.posted} currency="USD" />)}
            </span>
          )}
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("adjust.amount")} error={refusalOf("amount") ?? (wasSent && !isPositive(amount) ? t("adjust.amountWrong") : undefined)}>
            <TextInput name="amount" inputMode="decimal" autoComplete="off" placeholder="0.00" className="text-end tabular-nums" value={amount} onChange={(event) => setAmount(event.target.value)} />
          </Field>
          <Field label={t("adjust.account")} error={refusalOf("account")}>
            <Select value={account} onChange={(event) => setAccount(event.target.value as "cash" | "gift")}>
              <option value="cash">{t("accounts.cash", { ns: "ledger" })}</option>
              <option value="gift">{t("accounts.gift", { ns: "ledger" })}</option>
            </Select>
          </Field>
        </div>
        <Field label={t("adjust.reason")} error={refusalOf("reason_code")}>
          <Select value={reason} onChange={(event) => setReason(event.target.value as ReasonCode)}>
            {REASONS.map((value) => (
              <option key={value} value={value}>
                {t(`reasons.${value}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t("adjust.note")} hint={t("adjust.noteHint")} error={refusalOf("note") ?? (wasSent && isNoteWrong ? t("adjust.noteWrong", { count: NOTE_MIN }) : undefined)}>
          <TextArea name="note" rows={2} maxLength={NOTE_MAX} value={note} onChange={(event) => setNote(event.target.value)} />
        </Field>
        {direction === "debit" && <Alert tone="warning">{t("adjust.debitWhat")}</Alert>}
      </form>
    </Dialog>
  );
}
