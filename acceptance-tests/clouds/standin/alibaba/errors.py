"""How the services refuse a request."""

import uuid


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self, service):
        """As the service spells it: CS in small letters, all others in capital ones."""
        request = str(uuid.uuid4()).upper()
        if service == "cs":
            return {"code": self.code, "message": self.message, "requestId": request, "status": self.status}
        return {"Code": self.code, "Message": self.message, "RequestId": request, "HostId": f"{service}.aliyuncs.com"}


def invalid(name, why):
    """A parameter that the service does not take."""
    return Refused(400, "InvalidParameter", f"The parameter {name} is invalid: {why}")


def missing(name):
    """A parameter that the service needs."""
    return Refused(400, "MissingParameter", f"The parameter {name} is required.")
