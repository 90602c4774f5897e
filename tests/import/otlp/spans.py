"""Writes the spans of a short agent session with the SDK of OpenTelemetry.

    python3 -m venv venv
    venv/bin/pip install opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-common==1.45.2
    venv/bin/python tests/import/otlp/spans.py tests/import/otlp

writes `sdk.jsonl`, a span a line as the SDK itself spells one (`ReadableSpan.to_json`), and
`batch.jsonl`, all of them as one OTLP/JSON request. Ids and times are given, so every run writes
the same bytes.
"""

import base64
import json
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, set_span_in_context

START_NS = 1773741600_000_000_000  # 2026-03-17T10:00:00Z
STEP_NS = 250_000_000


class Counted(IdGenerator):
    """Ids that count up."""

    def __init__(self):
        self.spans = 0

    def generate_span_id(self):
        self.spans += 1
        return self.spans

    def generate_trace_id(self):
        return 0x4BF92F3577B34DA6A3CE929D0E0E4736


def main(folder):
    exporter = InMemorySpanExporter()
    resource = Resource({"service.name": "bank-agent", "service.version": "1.4.0"})
    provider = TracerProvider(id_generator=Counted(), resource=resource)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("agents", "0.1.0")

    agent = tracer.start_span(
        "invoke_agent Billing",
        start_time=START_NS,
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Billing"},
    )
    within = set_span_in_context(agent)
    tool = tracer.start_span(
        "execute_tool send_money",
        context=within,
        start_time=START_NS + STEP_NS,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "send_money",
            "gen_ai.tool.call.id": "call-1",
            "gen_ai.tool.call.arguments": json.dumps({"amount": 98.7, "recipient": "GB29NWBK"}),
            "gen_ai.conversation.id": "s-77af",
            "gen_ai.agent.id": "agent:billing-7",
            "enduser.id": "alice",
        },
    )
    tool.end(end_time=START_NS + 2 * STEP_NS)
    call = tracer.start_span(
        "tools/call get_balance",
        context=within,
        kind=SpanKind.CLIENT,
        start_time=START_NS + 3 * STEP_NS,
        attributes={
            "mcp.method.name": "tools/call",
            "mcp.session.id": "m-1",
            "gen_ai.tool.name": "get_balance",
            "server.port": 443,
            "retries": [1, 2],
        },
    )
    call.end(end_time=START_NS + 4 * STEP_NS)
    agent.end(end_time=START_NS + 5 * STEP_NS)

    spans = exporter.get_finished_spans()
    lines = [span.to_json(indent=None) + "\n" for span in spans]
    (folder / "sdk.jsonl").write_text("".join(lines))
    request = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    # The JSON of Protocol Buffers spells bytes in base64, OTLP/JSON spells ids in hex.
    for scopes in request["resourceSpans"]:
        for span in (span for scope in scopes["scopeSpans"] for span in scope["spans"]):
            for key in ("traceId", "spanId", "parentSpanId"):
                if key in span:
                    span[key] = base64.b64decode(span[key]).hex()
    (folder / "batch.jsonl").write_text(json.dumps(request) + "\n")


main(Path(sys.argv[1]))
