"""The weekly breakdown: drivers with volume, interval, share and change. Reads terms only."""

from service.reports.rows import share
from service.reports.values import (
    BridgeNote,
    DriverVolume,
    Estimate,
    Pooled,
    Publication,
    Split,
    WeeklyReport,
)
from service.reports.weekly import (
    slice_values,
    up_to_date,
    weekly_report,
    weekly_reports,
    weeks_with_messages,
)

__all__ = [
    "BridgeNote",
    "DriverVolume",
    "Estimate",
    "Pooled",
    "Publication",
    "Split",
    "WeeklyReport",
    "share",
    "slice_values",
    "up_to_date",
    "weekly_report",
    "weekly_reports",
    "weeks_with_messages",
]
