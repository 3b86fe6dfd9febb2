"""CloudFormation, by subject.

stacks        create, read, delete; stack policy and termination protection
change_sets   create, read, execute and delete change sets
recovery      cancel an update, continue or start a rollback, delete by force
drift         detect drift and read its results
events        events of a stack, and of one operation on it
requests      the arguments that several calls share
"""
