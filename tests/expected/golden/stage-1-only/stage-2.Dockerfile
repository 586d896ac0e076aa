# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The config has no stage_2: there is nothing to build here.
