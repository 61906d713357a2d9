"""Reads answers of the API as strictly as botocore's model allows, and says what does not fit.

botocore's own parsers skip what they do not know. This one complains: of elements that the model
does not have, of values that are not of their type or not among the model's, of empty texts (AWS
leaves out what is not there), of repeated elements. Relies on botocore's models alone; does not
know the gateway.
"""

import datetime
import json
import re
import xml.etree.ElementTree as ElementTree

# States whose wire form AWS's own examples print in lower case, though the model's enumeration
# has a capital.
LOWER_CAMEL = {"State", "VpcEndpointState"}


def complaints(operation_model, body):
    """What does not fit in one answer of 200."""
    found = []
    root = ElementTree.fromstring(body)
    metadata = operation_model.service_model.metadata
    namespace = metadata.get("xmlNamespace")
    protocol = metadata["protocol"]
    if protocol == "ec2":
        namespace = f"http://ec2.amazonaws.com/doc/{metadata['apiVersion']}/"
    expected = f"{{{namespace}}}{operation_model.name}Response"
    if root.tag != expected:
        found.append(f"the root is {root.tag}, not {expected}")
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    children = list(root)
    if protocol == "ec2":
        if not children or children[0].tag != "requestId" or not children[0].text:
            found.append("the first element is not requestId")
        members = children[1:]
        # EC2 says that it did what it was asked, wherever there is nothing else to say; the model
        # leaves that out for most operations.
        members = [one for one in members if (one.tag, one.text) != ("return", "true")]
    else:
        metadata = root.find("ResponseMetadata")
        if metadata is None or not metadata.findtext("RequestId"):
            found.append("there is no ResponseMetadata with a RequestId")
        result = root.find(f"{operation_model.name}Result")
        if result is None:
            found.append(f"there is no {operation_model.name}Result")
        members = [] if result is None else list(result)
    shape = operation_model.output_shape
    if shape is None:
        found += [f"{member.tag}: the operation has no output" for member in members]
    else:
        _structure(shape, members, operation_model.name, protocol, found)
    return found


def _wire_name(name, shape, protocol):
    return shape.serialization.get("name", name)


def _structure(shape, elements, path, protocol, found):
    known = {_wire_name(name, member, protocol): (name, member)
             for name, member in shape.members.items()}
    seen = set()
    for element in elements:
        at = f"{path}.{element.tag}"
        if element.tag not in known:
            found.append(f"{at}: {shape.name} has no such member")
            continue
        if element.tag in seen:
            found.append(f"{at}: appears twice")
        seen.add(element.tag)
        name, member = known[element.tag]
        _value(name, member, element, at, protocol, found)


def _value(name, shape, element, path, protocol, found):
    if shape.type_name == "structure":
        _structure(shape, list(element), path, protocol, found)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        for child in element:
            if child.tag != item:
                found.append(f"{path}: an item is called {child.tag}, not {item}")
            _value(name, shape.member, child, f"{path}[]", protocol, found)
    else:
        if len(element):
            found.append(f"{path}: has elements, but is a {shape.type_name}")
        _scalar(name, shape, element.text or "", path, found)


def _scalar(name, shape, text, path, found):
    kind = shape.type_name
    if text == "":
        found.append(f"{path}: is empty")
    elif kind == "boolean" and text not in ("true", "false"):
        found.append(f"{path}: {text} is no boolean")
    elif kind in ("integer", "long") and not re.fullmatch(r"-?\d+", text):
        found.append(f"{path}: {text} is no integer")
    elif kind == "timestamp":
        try:
            datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
        except ValueError:
            found.append(f"{path}: {text} is no time")
    elif kind == "string" and shape.enum:
        fits = text in shape.enum
        if not fits and name in LOWER_CAMEL:
            fits = text[:1].upper() + text[1:] in shape.enum
        if not fits:
            found.append(f"{path}: {text} is not among {', '.join(shape.enum)}")


def json_complaints(model, body):
    """The same of an answer in JSON."""
    return list(_json(model.name, model.output_shape, json.loads(body)))


def _json(path, shape, value):
    """What of a value in JSON does not fit its shape."""
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "timestamp": (int, float),
             "float": (int, float)}
    if not isinstance(value, kinds[shape.type_name]):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name in set(shape.required_members) - set(value):
            yield f"{path}: {name} is lacking"
        for name, inner in value.items():
            if name in shape.members:
                yield from _json(f"{path}.{name}", shape.members[name], inner)
            else:
                yield f"{path}: {name} is not AWS's"
    elif shape.type_name == "map":
        for name, inner in value.items():
            yield from _json(f"{path}.{name}", shape.value, inner)
    elif shape.type_name == "list":
        for inner in value:
            yield from _json(path, shape.member, inner)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
