"""Calls Echo of wsdl/plain.wsdl as zeep does it. Arguments: address, CA file, user, password, text|digest, text."""

import datetime
import sys

import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU

address, ca, user, password, kind, text = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.verify = ca
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
timestamp = WSU.Timestamp()
timestamp.append(WSU.Created(now.isoformat() + "Z"))
timestamp.append(WSU.Expires((now + datetime.timedelta(minutes=5)).isoformat() + "Z"))
token = UsernameToken(user, password, timestamp_token=timestamp, use_digest=kind == "digest")
client = zeep.Client("wsdl/plain.wsdl", wsse=token, transport=Transport(session=session))
service = client.create_service("{urn:soap-secure-conversation:plain}PasswordTls", address)
try:
    print("answered", service.Echo(text=text))
except zeep.exceptions.Fault as fault:
    print("fault", fault.message)
