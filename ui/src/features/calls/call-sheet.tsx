import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { RequestDetails } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { useSiteAddress } from "@/features/site";
import { useFormats } from "@/i18n/formats";
import { CodeBlock } from "@/kit/code-block";
import { CopyId } from "@/kit/copy-id";
import { EmptyState } from "@/kit/empty-state";
import { Fact, Facts } from "@/kit/facts";
import { Sheet } from "@/kit/sheet";
import { SkeletonRows } from "@/kit/skeleton";

import { ProblemAlert } from "../problem-alert";
import { Attempts } from "./attempts";
import { Cause } from "./cause";
import { writeCurl } from "./curl";
import { OutcomeBadge } from "./outcome-badge";
import { PriceLines, useKindWords } from "./price-lines";
import { Timeline } from "./timeline";

type CallSheetProps = {
  id: string;
  query: UseQueryResult<RequestDetails>;
  onClose: () => void;
  /** What stands for the key, such as a link with its name. */
  keyName: (keyId: string) => ReactNode;
  /** What stands for the user, where the answer names one. */
  userName?: (userId: string, email: string) => ReactNode;
};

/**
 * One call with everything there is to know of it: how it ended and why, where the time went, what was used and what it
 * cost. What only admins are told is shown where the answer has it.
 */
export function CallSheet({ id, query, onClose, keyName, userName }: CallSheetProps) {
  const { t } = useTranslation("requests");
  const formats = useFormats();
  const request = query.data;
  return (
    <Sheet
      title={t("sheet.title")}
      description={
        request === undefined ? undefined : (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <OutcomeBadge request={request} />
            <span>{formats.dateTimeSeconds(request.started_at)}</span>
          </span>
        )
      }
      onClose={onClose}
    >
      {query.isPending && <SkeletonRows rows={8} />}
      {query.isError &&
        (toProblem(query.error).code === "not_found" ? (
          <EmptyState title={t("sheet.missing")}>{t("sheet.missingWhy")}</EmptyState>
        ) : (
          <ProblemAlert problem={query.error} onRetry={() => query.refetch()} />
        ))}
      {query.isError && <RequestId id={id} />}
      {request !== undefined && !query.isError && <Details request={request} keyName={keyName} userName={userName} />}
    </Sheet>
  );
}

function Details({ request, keyName, userName }: { request: RequestDetails } & Pick<CallSheetProps, "keyName" | "userName">) {
  const { t } = useTranslation("requests");
  const formats = useFormats();
  const { root } = useSiteAddress();
  const curl = writeCurl(request, root);
  return (
    <div className="grid gap-6">
      <Cause request={request} />
      <Section title={t("price.title")}>
        <PriceLines request={request} />
      </Section>
      <Section title={t("timeline.title")}>
        <Timeline times={request.timeline} />
      </Section>
      {request.attempts !== undefined && request.attempts !== null && request.attempts.length > 0 && (
        <Section title={t("sheet.attempts")}>
          <Attempts request={request} attempts={request.attempts} />
        </Section>
      )}
      {request.usage.input_tokens + request.usage.output_tokens > 0 && (
        <Section title={t("usage.title")}>
          <Tokens request={request} />
        </Section>
      )}
      <Section title={t("sheet.ids")}>
        <Facts>
          <Fact name={t("sheet.id")}>
            <CopyId id={request.id} label={t("copyRequestId", { ns: "lists" })} />
          </Fact>
          <Fact name={t("sheet.model")}>
            {request.model === request.model_served ? request.model : t("sheet.servedAs", { model: request.model, served: request.model_served })}
          </Fact>
          <Fact name={t("sheet.key")}>{keyName(request.key_id)}</Fact>
          {given(request.user_email) && <Fact name={t("sheet.user")}>{userName?.(request.user_id, request.user_email) ?? request.user_email}</Fact>}
          {given(request.channel_name) && <Fact name={t("sheet.channel")}>{request.channel_name}</Fact>}
          <Fact name={t("sheet.route")}>
            <code className="font-mono text-[0.8125rem]">{request.route}</code>
          </Fact>
          <Fact name={t("sheet.stream")}>{request.stream ? t("sheet.yes") : t("sheet.no")}</Fact>
          <Fact name={t("sheet.httpStatus")}>{request.status_code}</Fact>
          {given(request.error_code) && (
            <Fact name={t("sheet.errorCode")}>
              <code className="font-mono text-[0.8125rem]">{request.error_code}</code>
            </Fact>
          )}
          <Fact name={t("sheet.attempts")}>{formats.number(request.attempt_count)}</Fact>
          <Fact name={t("sheet.clientIp")}>{request.client_ip}</Fact>
          <Fact name={t("sheet.userAgent")}>{request.user_agent}</Fact>
        </Facts>
      </Section>
      <Section title={t("sheet.copyCurl")}>
        <div className="grid gap-2">
          <CodeBlock label={t("sheet.copyCurl")} text={curl} />
          <p className="text-[0.8125rem] text-muted">{t("sheet.copyCurlWhy")}</p>
        </div>
      </Section>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-2">
      <h3 className="text-[0.8125rem] font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function RequestId({ id }: { id: string }) {
  const { t } = useTranslation("requests");
  return (
    <Facts>
      <Fact name={t("sheet.id")}>
        <CopyId id={id} label={t("copyRequestId", { ns: "lists" })} />
      </Fact>
    </Facts>
  );
}

function Tokens({ request }: { request: RequestDetails }) {
  const { t } = useTranslation("requests");
  const formats = useFormats();
  const say = useKindWords();
  const source = (["reported", "estimated", "capped"] as const).find((known) => known === request.usage.source);
  return (
    <div className="grid gap-2">
      <Facts>
        {Object.entries(request.usage.tokens).map(([kind, count]) => (
          <Fact key={kind} name={say(kind)}>
            {formats.number(count)}
          </Fact>
        ))}
        <Fact name={t("usage.sum")}>{t("tokensOf", { input: formats.number(request.usage.input_tokens), output: formats.number(request.usage.output_tokens) })}</Fact>
      </Facts>
      {source !== undefined && <p className="text-[0.8125rem] text-muted">{t(`usage.source.${source}`)}</p>}
    </div>
  );
}

function given(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}
