"""The kubelet's exec endpoint, to which the API server hands a client's websocket through.

The programs are those of the demo's shell. A kubelet of 1.20 knows no v5 of the protocol.
"""

from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlencode, urlsplit

from dashborion.demo.kubernetes.errors import Refused
from dashborion.demo.kubernetes.exec import PROTOCOLS, exec_answer
from dashborion.demo.kubernetes.request import parse_request

_NAMES = {"input": "stdin", "output": "stdout", "error": "stderr"}  # a kubelet's own


def exec_in_container(handler: BaseHTTPRequestHandler, pod: str, container: str) -> None:
    pairs = [(_NAMES.get(k, k), v) for k, v in parse_qsl(urlsplit(handler.path).query)]
    path = f"/api/v1/namespaces/any/pods/{pod}/exec?{urlencode(pairs)}"
    request = parse_request("GET", path, dict(handler.headers), b"")
    item = {"metadata": {"name": pod}, "spec": {"containers": [{"name": container}]}}
    handler.close_connection = True
    try:
        answer = exec_answer(
            item, container, request.values("command"), request, protocols=PROTOCOLS[1:]
        )
    except Refused as error:
        handler.send_error(error.code, str(error))
        return
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if answer.converse is not None:
        answer.converse(handler.rfile, handler.wfile)
