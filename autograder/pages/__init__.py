"""What people read: feedback, report, explanations, exports."""
