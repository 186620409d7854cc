"""Events to views: the exam fold, the worklist and turnaround views, one Faust app."""
