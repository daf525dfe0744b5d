"""Reference values for tests/suite/table/reference.rs, from pandas.

Run `python table.py > table.json` with pandas and NumPy installed; the versions used are in the file.
"""

import io
import json

import numpy as np
import pandas as pd

TRICKY = (
    "\ufeffid,\"name, first\",dose,seen,\"note \"\"raw\"\"\",empty,ward\r\n"
    "1,\"O'Neil, \"\"Pat\"\"\",0.1,2024-05-01,\"two\r\nlines\",,b\r\n"
    "\r\n"
    "2,日本,1e-300,1999-12-31,plain,NA,a\r\n"
    "3,\"\"\"\",-17976931348623157e292,2000-02-29,\"semi;colon\",,b\r\n"
    "4,é,NaN,,\" spaced \",?,c\r\n"
    "5,N/A,123456789012345683968,1970-01-01,null,,b"
)
# Decimals that are halfway between neighbours, denormal, or long.
NUMBERS = [
    "9.007199254740993e15", "9007199254740992.9999999999999999", "2.2250738585072011e-308", "4.9e-324", "2.4703282292062328e-324",
    "1.7976931348623157e308", "0.1000000000000000055511151231257827021181583404541015625", "-0.0", "+1.5", ".5", "5.", "1E5", "00012",
    "179769313486231570000e288", "6.02214076e23", "3.141592653589793238462643383279",
]


def columns(text, dates=(), **options):
    frame = pd.read_csv(
        io.StringIO(text), na_values=["?"], dtype_backend="numpy_nullable", **options
    )
    out = []
    for name in frame.columns:
        values = frame[name]
        if name in dates:
            moments = pd.to_datetime(values, utc=True, format="ISO8601")
            epoch = pd.Timestamp("1970-01-01", tz="UTC")
            kind, values = "DateTime", [None if pd.isna(m) else (m - epoch).total_seconds() for m in moments]
        elif pd.api.types.is_numeric_dtype(values) or values.isna().all():
            kind, values = "Numeric", [None if pd.isna(v) else float(v) for v in values]
        else:
            kind, values = "Categorical", [None if pd.isna(v) else str(v) for v in values]
        out.append({"name": name, "kind": kind, "values": values})
    return out


rng = np.random.default_rng(7)
doubles = [repr(x) for x in rng.integers(0, 2**63, 200).astype(np.int64).view(np.float64).tolist() if np.isfinite(x)]
moments = "t\n" + "\n".join(
    ["2024-05-01T12:34:56Z", "2024-05-01T12:34:56.789+02:00", "1969-12-31T23:59:59.5", "0001-01-01T00:00", "9999-12-31 23:59:59"]
)
numbers = "x\n" + "\n".join(NUMBERS + doubles) + "\n"
cases = [
    {"text": TRICKY, "columns": columns(TRICKY.removeprefix("\ufeff"), dates=["seen"])},
    {"text": numbers, "columns": columns(numbers)},
    {"text": moments, "columns": columns(moments, dates=["t"])},
]
print(json.dumps({"pandas": pd.__version__, "numpy": np.__version__, "cases": cases}, ensure_ascii=False))
